SELECT count(*) = 0 FROM messages WHERE body = 'open
