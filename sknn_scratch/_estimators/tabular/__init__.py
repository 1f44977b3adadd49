"""Networks for tables: views of the encoded rows, families of nets, their mixture."""
