"""Stands for the real package (5.9 GB with torch): the application's code runs unchanged, its vectors mean nothing."""
import os
import time
import zlib


class Vector(list):
    def tolist(self):
        return list(self)


class SentenceTransformer:
    def __init__(self, name):
        self.name = name
        time.sleep(float(os.environ.get("STUB_LOAD_SECONDS", "0")))

    def encode(self, text):
        crc = zlib.crc32(text.encode())
        return Vector(((crc >> shift) & 255) / 255 for shift in (0, 8, 16, 24))
