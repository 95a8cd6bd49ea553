"""`python -m bench.capture`: started by the bench, not by people."""

import sys

from bench.capture.process import main

sys.exit(main())
