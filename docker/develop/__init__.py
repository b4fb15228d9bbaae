"""What those who change this project run: its checks, its releases."""
