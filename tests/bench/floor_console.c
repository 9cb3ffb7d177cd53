/* The floor of the console's useful screen: what connects, reads the ledger, and reads and hashes the folder, one after the other, and then shows a list.
 * usage: floor_console DB FOLDER */
#include <curses.h>
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "hash_hex.h"

struct entry {
    char name[64], sum[HASH_HEX_SIZE];
};

static struct entry *entries;
static size_t n_entries;
static long n_rows;

static int read_ledger(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "SELECT version, name, description, applied_at, applied_by, duration_ms, checksum, status FROM schema_migrations ORDER BY version",
                                -1, &st, NULL);
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        n_rows += sqlite3_column_text(st, 6) != NULL;
    sqlite3_finalize(st);
    sqlite3_close(db);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int read_folder(const char *path)
{
    char text[4096];
    size_t room = 0;
    DIR *d = opendir(path);

    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        int fd;
        ssize_t len;

        if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof(entries->name) || (fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC)) < 0)
            continue;
        if (n_entries == room && !(entries = realloc(entries, (room = room ? room * 2 : 1024) * sizeof(*entries))))
            abort();
        len = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof(text)) : -1;
        close(fd);
        if (len < 0)
            continue;
        memcpy(entries[n_entries].name, e->d_name, strlen(e->d_name) + 1);
        hash_hex(text, (size_t)len, entries[n_entries++].sum);
    }
    if (!d)
        return -1;
    closedir(d);
    qsort(entries, n_entries, sizeof(*entries), by_name);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    setlocale(LC_CTYPE, "");
    initscr();
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    mvaddstr(0, 0, "reading");
    refresh();
    if (read_ledger(argv[1]) != SQLITE_OK || read_folder(argv[2]) != 0) {
        endwin();
        return 1;
    }
    for (int y = 0; y < LINES - 1 && (size_t)y < n_entries; y++)
        mvaddnstr(y, 0, entries[n_entries - 1 - (size_t)y].name, COLS);
    mvprintw(LINES - 1, 0, "%zu files, %ld rows", n_entries, n_rows);
    refresh();
    while (getch() != 'q')
        ;
    endwin();
    return 0;
}
