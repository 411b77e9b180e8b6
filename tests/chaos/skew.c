/* A wall clock that is wrong by so many seconds as the file SKEW_FILE says, read again every second.
   Monotonic clocks, sleeps and timeouts stay right: only what a machine believes the date to be moves. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);

static long skew(void) {
    static long offset, read_at = -1;
    struct timespec now;
    real(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != read_at) {
        const char *path = getenv("SKEW_FILE");
        FILE *file = path ? fopen(path, "r") : NULL;
        long told = 0;
        read_at = now.tv_sec;
        if (file) {
            if (fscanf(file, "%ld", &told) == 1) offset = told;
            fclose(file);
        }
    }
    return offset;
}

int clock_gettime(clockid_t id, struct timespec *at) {
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(id, at);
    if (!status && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += skew();
    return status;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
