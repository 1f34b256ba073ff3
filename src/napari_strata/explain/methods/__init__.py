"""Methods of explanation, one file each, named as in the paper."""
