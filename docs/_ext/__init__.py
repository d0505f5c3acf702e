"""What the documentation needs beside Sphinx: pages that run, and the reference of the front door."""
