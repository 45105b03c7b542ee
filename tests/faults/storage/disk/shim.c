// Owns faults between a program and its disk, only for tests: loaded with LD_PRELOAD, it counts the calls that touch
// files below a folder, and at the n-th one ends the process, tears the write, or lets the call fail. It can also
// record what is written, so that a power cut can be simulated, and set the clock.
//
// SHIM_ROOT    the folder, without links in its path SHIM_MODE    count, kill, tear, fail or record SHIM_AT      the
// call at which it happens, counted from 1 SHIM_ERRNO   the error of a call that fails SHIM_STICKY  1: every later call
// fails as well SHIM_READS   1: calls that read are counted too SHIM_OUT     the file that gets the number of calls, or
// the record SHIM_CLOCK   the time that the wall clock shows, in Unix seconds
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum mode { OFF, COUNT, KILL, TEAR, FAIL, RECORD };

static enum mode mode;
static char root[PATH_MAX];
static size_t root_length;
static long at, calls;
static int error_number, sticky, reads, out = -1, has_clock;
static time_t clock_seconds;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *data, size_t length) {
    REAL(write);
    return real(fd, data, length);
}

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("SHIM_CLOCK");
    if (text) {
        has_clock = 1;
        clock_seconds = atoll(text);
    }
    text = getenv("SHIM_MODE");
    if (!text || !getenv("SHIM_ROOT")) return;
    snprintf(root, sizeof root, "%s/", getenv("SHIM_ROOT"));
    root_length = strlen(root);
    at = getenv("SHIM_AT") ? atol(getenv("SHIM_AT")) : 0;
    error_number = getenv("SHIM_ERRNO") ? atoi(getenv("SHIM_ERRNO")) : EIO;
    sticky = getenv("SHIM_STICKY") != NULL;
    reads = getenv("SHIM_READS") != NULL;
    if (getenv("SHIM_OUT")) {
        int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
        out = real(getenv("SHIM_OUT"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    mode = !strcmp(text, "count")  ? COUNT
         : !strcmp(text, "kill")   ? KILL
         : !strcmp(text, "tear")   ? TEAR
         : !strcmp(text, "fail")   ? FAIL
         : !strcmp(text, "record") ? RECORD
                                   : OFF;
}

__attribute__((destructor)) static void finish(void) {
    if (mode == COUNT && out >= 0) dprintf(out, "%ld\n", calls);
}

static int below(const char *path) { return !strncmp(path, root, root_length); }

// The path of an open file below the root.
static int path_of(int fd, char *path) {
    char link[64];
    if (mode == OFF || fd == out) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    // Also the folder itself, because syncing it makes its entries durable.
    return below(path) || ((size_t)length == root_length - 1 && !strncmp(path, root, root_length - 1));
}

// The absolute path of a name, if it is below the root.
static int path_at(const char *name, char *path) {
    if (mode == OFF) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        char here[PATH_MAX / 2];
        if (!getcwd(here, sizeof here)) return 0;
        while (!strncmp(name, "./", 2)) name += 2;
        snprintf(path, PATH_MAX, "%s/%s", here, name);
    }
    return below(path);
}

static void record(char operation, const char *one, const char *two, uint64_t offset, const void *data, size_t length) {
    uint32_t sizes[2] = { (uint32_t)strlen(one), two ? (uint32_t)strlen(two) : 0 };
    uint64_t numbers[2] = { offset, length };
    struct iovec parts[] = {
        { &operation, 1 }, { sizes, sizeof sizes }, { numbers, sizeof numbers },
        { (void *)one, sizes[0] }, { (void *)two, sizes[1] }, { (void *)data, length },
    };
    pthread_mutex_lock(&lock);
    if (writev(out, parts, 6) < 0) abort();
    pthread_mutex_unlock(&lock);
}

// Counts a call; returns whether it must fail. `half` does the part of a torn write that succeeds.
static int strikes(int fd, const void *data, size_t length, off_t offset, int positioned) {
    pthread_mutex_lock(&lock);
    long number = ++calls;
    pthread_mutex_unlock(&lock);
    if (mode == FAIL && (number == at || (sticky && number > at))) return 1;
    if ((mode == KILL || mode == TEAR) && number == at) {
        if (mode == TEAR && data && length > 1) {
            if (positioned) lseek(fd, offset, SEEK_SET);
            if (raw_write(fd, data, length / 2) < 0) abort();
        }
        kill(getpid(), SIGKILL);
    }
    return 0;
}

static off_t position(int fd) {
    struct stat known;
    if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &known) ? 0 : known.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

#define FAILS(condition) \
    if (condition) { errno = error_number; return -1; }

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return raw_write(fd, data, length);
    FAILS(strikes(fd, data, length, 0, 0));
    off_t offset = mode == RECORD ? position(fd) : 0;
    ssize_t done = raw_write(fd, data, length);
    if (mode == RECORD && done > 0) record('W', path, NULL, offset, data, done);
    return done;
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!path_of(fd, path)) return real(fd, data, length, offset); \
        FAILS(strikes(fd, data, length, offset, 1)); \
        ssize_t done = real(fd, data, length, offset); \
        if (mode == RECORD && done > 0) record('W', path, NULL, offset, data, done); \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t read(int fd, void *data, size_t length) {
    REAL(read);
    char path[PATH_MAX];
    if (reads && path_of(fd, path)) FAILS(strikes(fd, NULL, 0, 0, 0));
    return real(fd, data, length);
}

#define PREAD(name, offset_type) \
    ssize_t name(int fd, void *data, size_t length, offset_type offset) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (reads && path_of(fd, path)) FAILS(strikes(fd, NULL, 0, 0, 0)); \
        return real(fd, data, length, offset); \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!path_of(fd, path)) return real(fd, length); \
        FAILS(strikes(fd, NULL, 0, 0, 0)); \
        int done = real(fd, length); \
        if (mode == RECORD && !done) record('T', path, NULL, length, NULL, 0); \
        return done; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
    int name(int fd) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!path_of(fd, path)) return real(fd); \
        FAILS(strikes(fd, NULL, 0, 0, 0)); \
        /* The simulated disk is what matters; the real one need not wait. */ \
        if (mode == RECORD) record('S', path, NULL, 0, NULL, 0); \
        return 0; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define OPEN(name) \
    int name(const char *file, int flags, ...) { \
        REAL(name); \
        mode_t permissions = 0; \
        if (flags & O_CREAT) { \
            va_list rest; \
            va_start(rest, flags); \
            permissions = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        char path[PATH_MAX]; \
        int makes = (flags & O_CREAT) && path_at(file, path) && access(path, F_OK); \
        if (makes) FAILS(strikes(-1, NULL, 0, 0, 0)); \
        int fd = real(file, flags, permissions); \
        if (fd >= 0 && makes && mode == RECORD) record('C', path, NULL, 0, NULL, 0); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *file) {
    REAL(unlink);
    char path[PATH_MAX];
    if (!path_at(file, path)) return real(file);
    FAILS(strikes(-1, NULL, 0, 0, 0));
    int done = real(file);
    if (!done && mode == RECORD) record('U', path, NULL, 0, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    char one[PATH_MAX], two[PATH_MAX];
    if (!path_at(from, one) || !path_at(to, two)) return real(from, to);
    FAILS(strikes(-1, NULL, 0, 0, 0));
    int done = real(from, to);
    if (!done && mode == RECORD) record('R', one, two, 0, NULL, 0);
    return done;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(linkat);
    char one[PATH_MAX], two[PATH_MAX];
    if (!path_at(from, one) || !path_at(to, two)) return real(from_folder, from, to_folder, to, flags);
    FAILS(strikes(-1, NULL, 0, 0, 0));
    int done = real(from_folder, from, to_folder, to, flags);
    if (!done && mode == RECORD) record('L', one, two, 0, NULL, 0);
    return done;
}

int clock_gettime(clockid_t which, struct timespec *time) {
    REAL(clock_gettime);
    int done = real(which, time);
    if (has_clock && which == CLOCK_REALTIME) time->tv_sec = clock_seconds;
    return done;
}
