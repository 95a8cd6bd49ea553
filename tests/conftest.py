"""What all tests of the project share."""

import signal

# A shell that starts a job in the background makes it ignore SIGINT, its children too; tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
