# One module for each shape of collection; ../convert.py is what people call.
