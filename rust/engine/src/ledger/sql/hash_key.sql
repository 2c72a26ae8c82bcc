SELECT low, high FROM hash_key
