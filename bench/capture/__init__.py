"""Capture of the air in a process of its own: `python -m bench.capture`, started and led by `client.Capture`.

It reads any number of sniffers, puts them on one clock, publishes every frame on the bus with a sequence number and
writes pcapng as frames come in. Nothing the test process does or fails to do costs a frame.
"""

#: the name under which the process tells of trouble on the bus
SOURCE = "capture"
