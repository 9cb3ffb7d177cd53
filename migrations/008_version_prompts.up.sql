-- Prompts get a history of their own; the column they were in goes.
CREATE TABLE agent_prompts (
    agent_id INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (agent_id, version)
) WITHOUT ROWID;

INSERT INTO agent_prompts (agent_id, version, prompt, created_at)
SELECT id, 1, system_prompt, created_at FROM agents;

ALTER TABLE agents DROP COLUMN system_prompt;
