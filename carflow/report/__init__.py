"""Figures, tables, page and workbook of a result: the only folder that draws."""
