"""Becomes a program that a pinned package brought along.

usage: farm_program.py PROGRAM ARGUMENT…
"""
import os
import sys


def main():
    program, *arguments = sys.argv[1:]
    if not os.path.isfile(program):
        name = os.path.basename(program)
        sys.exit(f"the pinned `{name}` brings no program for this platform")
    sys.stdout.flush()
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
