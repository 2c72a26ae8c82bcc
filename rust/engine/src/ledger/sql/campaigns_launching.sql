SELECT id FROM campaign WHERE state = 0
