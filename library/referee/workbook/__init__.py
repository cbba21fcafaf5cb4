"""Excel workbooks: decisions kept in them, cases read from them, results and worklists written to them.

The only package that imports openpyxl, and only when a workbook is really opened.
"""
