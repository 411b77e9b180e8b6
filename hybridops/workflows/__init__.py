"""One file a problem family: parse, check, narrow, encode, decode, score. No Django in here."""
