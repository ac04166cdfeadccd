project = "sphinx"
extensions = []
rst_prolog = ".. |app| replace:: sphinx"
