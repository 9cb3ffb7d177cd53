DROP TRIGGER messages_count_delete;
DROP TRIGGER messages_count_insert;
ALTER TABLE conversations DROP COLUMN message_count;
