"""`python -m tuheg_ir`: the command, where the folder of commands is not on PATH."""

from tuheg_ir.cli import main

if __name__ == "__main__":
    main()
