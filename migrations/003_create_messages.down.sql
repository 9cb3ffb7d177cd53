DROP TRIGGER messages_touch;
DROP TABLE messages;
