/* The floor of the console benchmarks: the least that shows a list of N rows with a moving cursor in ncurses. Same keys as the timeline: j k, page keys, q.
 * With a second argument a thread computes beside it, as SQLite does in the console during a run.
 * usage: plain_ncurses [N [busy]] */
#include <curses.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>

static int n_rows = 10000;

static void draw(int top, int cur)
{
    for (int y = 0; y < LINES - 1; y++) {
        int i = top + y;
        move(y, 0);
        clrtoeol();
        if (i < n_rows) {
            attrset(i == cur ? A_REVERSE : A_NORMAL);
            printw("%06d  row_number_%d", n_rows - i, n_rows - i);
            attrset(A_NORMAL);
        }
    }
    mvprintw(LINES - 1, 0, "plain %d/%d", cur + 1, n_rows);
    clrtoeol();
    refresh();
}

static void *compute(void *arg)
{
    for (volatile unsigned long n = 0;; n++) {
    }
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc > 1) {
        n_rows = atoi(argv[1]);
    }
    if (argc > 2 && pthread_create(&thread, NULL, compute, NULL) != 0) {
        return 1;
    }
    setlocale(LC_ALL, "");
    initscr();
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    int top = 0, cur = 0;
    draw(top, cur);
    for (int ch; (ch = getch()) != 'q' && ch != ERR;) {
        int page = LINES - 1;
        cur += ch == 'j' ? 1 : ch == 'k' ? -1 : ch == KEY_NPAGE ? page : ch == KEY_PPAGE ? -page : 0;
        cur = cur < 0 ? 0 : cur >= n_rows ? n_rows - 1 : cur;
        if (cur < top) {
            top = cur;
        } else if (cur >= top + page) {
            top = cur - page + 1;
        }
        draw(top, cur);
    }
    endwin();
    return 0;
}
