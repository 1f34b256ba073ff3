"""Files of microscopes and of HyperSpy: dm3, dm4, emd, ser, emi, mrc, hspy and zspy, read through RosettaSciIO.

RosettaSciIO is licensed under the GPL, version 3 or later, and this project is not: it is an optional extra,
``formats``, that nothing here needs unless such a file is opened.
"""
