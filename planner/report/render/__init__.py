"""Blocks as text: columns and their widths."""
