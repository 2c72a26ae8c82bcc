SELECT campaign FROM archived WHERE cleared = 0
