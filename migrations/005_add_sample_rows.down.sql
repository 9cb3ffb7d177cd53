-- Takes all rows out, those that came later as well.
DELETE FROM entities;
DELETE FROM messages;
DELETE FROM conversations;
DELETE FROM users;
DELETE FROM agents;
