"""Subjects: installed releases of aiconfigurator. The only package that imports them."""
