# SPDX-License-Identifier: Apache-2.0
"""Real container clients, and the registry that they are pointed at."""
