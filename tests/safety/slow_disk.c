/* A disk of the test's own, for a server that is started with LD_PRELOAD: each sync takes as many milliseconds as the
   file says that SLOW_DISK names (0 or no file: it keeps up), and fails where that is less than 0. Nothing is really
   synced: what a process has written outlives its death in any case. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int disk(void)
{
    const char *path = getenv("SLOW_DISK");
    FILE *file = path ? fopen(path, "r") : NULL;
    int ms = 0;

    if (file) {
        if (fscanf(file, "%d", &ms) != 1)
            ms = 0;
        fclose(file);
    }
    if (ms < 0) {
        errno = EIO;
        return -1;
    }
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
    return 0;
}

int fsync(int file) { (void)file; return disk(); }
int fdatasync(int file) { (void)file; return disk(); }
