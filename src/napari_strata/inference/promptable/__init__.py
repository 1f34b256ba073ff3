"""Networks of the Segment Anything family: clicks and boxes give a mask."""
