# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the wire, the server, image documents."""
