# SPDX-License-Identifier: Apache-2.0
"""pytest, but told to end it takes its fixtures down first: the daemons that
they started would live on otherwise."""
import signal
import sys

import pytest

signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
