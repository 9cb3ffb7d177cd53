/* tests/bench/floor_scan.c: the least that reading a folder of migrations costs: each name, and each file opened, read whole and closed.
 *
 * usage: floor_scan read DIR TIMES | evict DIR (takes the files' pages out of the cache, for a cold start of whoever comes next) */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[1024 * 1024];

static bool read_file(int dir, const char *name, bool evict)
{
    struct stat st;
    ssize_t n;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    if (evict) {
        n = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    } else {
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
            ;
    }
    close(fd);
    return n == 0;
}

static bool walk(int at, const char *path, bool evict)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = dir != NULL;

    for (struct dirent *e = ok ? readdir(dir) : NULL; ok && e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        ok = e->d_type == DT_DIR ? walk(fd, e->d_name, evict) : read_file(fd, e->d_name, evict);
    }
    if (dir != NULL)
        closedir(dir);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "evict") == 0)
        return walk(AT_FDCWD, argv[2], true) ? 0 : 1;
    if (argc == 4 && strcmp(argv[1], "read") == 0) {
        for (int i = atoi(argv[3]); i > 0; i--)
            if (!walk(AT_FDCWD, argv[2], false))
                return 1;
        return 0;
    }
    fprintf(stderr, "usage: %s read DIR TIMES | evict DIR\n", argv[0]);
    return 2;
}
