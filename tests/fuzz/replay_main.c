/* Runs a fuzz target over the files of its corpus, without a fuzzer: tests/fuzz/corpus/NAME for the program replay_NAME, or the
 * folder that is given. A crash ends it; the last name on stderr is the input that did it. */
#include <config.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "rb");
    int ok = 0;

    if (f == NULL)
        return 0;
    for (;;) {
        uint8_t *bigger = realloc(data, size + 65536);

        if (bigger == NULL)
            goto out;
        data = bigger;
        size_t n = fread(data + size, 1, 65536, f);

        size += n;
        if (n == 0)
            break;
    }
    if (ferror(f))
        goto out;
    /* A block of exactly its size, so that AddressSanitizer sees the first byte read beyond it. */
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (exact == NULL)
        goto out;
    if (size > 0)
        memcpy(exact, data, size);
    ok = LLVMFuzzerTestOneInput(exact, size) == 0;
    free(exact);
out:
    free(data);
    fclose(f);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = strstr(argv[0], "replay_");
    const char *srcdir = getenv("LS_SRCDIR");
    char folder[2048], path[4096];
    int n = 0, failed = 0;
    DIR *dir;
    struct dirent *e;

    if (argc > 1)
        snprintf(folder, sizeof folder, "%s", argv[1]);
    else
        snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".", name != NULL ? name + 7 : "");
    dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return 1;
    }
    while ((e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        fprintf(stderr, "%s\n", path);
        n++;
        if (!replay(path)) {
            failed++;
            printf("# failed: %s\n", path);
        }
    }
    closedir(dir);
    printf("1..1\n%sok 1 - %d inputs of %s replayed\n", n > 0 && failed == 0 ? "" : "not ", n, name != NULL ? name + 7 : folder);
    return n > 0 && failed == 0 ? 0 : 1;
}
