/* tests/tui/scene.h: a console in memory: made-up data, keys by name, screens compared with readable files.
 *
 * golden("name") compares with tests/tui/golden/name.txt; LS_TEST_GOLDEN_WRITE=1 writes the files instead (look at the difference
 * before committing). */
#ifndef TESTS_TUI_SCENE_H
#define TESTS_TUI_SCENE_H

#include "lockstep/engine/journal.h"
#include "tui/app.h"

struct scene {
    struct app app;
    struct config_request request;
    struct tui_params params;
    struct scene_hold *hold; /* what keeps the writer from its work */
    int wake[2];
};

void scene_open(struct scene *s, int w, int h, bool ascii);
void scene_close(struct scene *s);
/* "j j Enter C-d"; a word in quotes is typed letter by letter: "'abc' Enter". */
void scene_keys(struct scene *s, const char *keys);
void scene_paste(struct scene *s, const char *text);
void scene_click(struct scene *s, int x, int y);
void golden(struct scene *s, const char *name);
/* Whether the screen holds the text now. */
bool scene_shows(struct scene *s, const char *text);

/* From here on app.writer works; its answers arrive in scene_settle, and nowhere else. held: it begins only there, so that what is done before comes before it. */
void scene_work(struct scene *s, bool held);
void scene_settle(struct scene *s);

/* One row of the made-up history: label, name, ledger status ("applied", "rolled_back", "failed", NULL = no row), checksum_differs,
 * no_file. */
struct scene_row {
    const char *label, *name, *status, *applied_at, *applied_by;
    int64_t duration_ms;
    bool is_modified, has_no_file;
};
struct snapref *scene_snapshot(const struct ls_format *format, const struct scene_row *rows, size_t n);
/* Connected to "app" on PostgreSQL with that history; protected_: as production. */
void scene_connect(struct scene *s, struct snapref *snap, bool protected_);
extern const struct scene_row scene_history[];
extern const size_t scene_history_n;

/* A plan of two steps (the second destroys data when `destroys`), as lockstep's own format makes them. */
struct planref *scene_plan(bool destroys);

/* What fake_read.c answers with. */
void scene_set_journal(const struct ls_journal *j);

#endif
