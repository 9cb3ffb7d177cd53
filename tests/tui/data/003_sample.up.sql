-- lockstep: description=Messages and their index
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL DEFAULT 'none'  -- never NULL
);

CREATE INDEX messages_body ON messages (body);
VACUUM;
