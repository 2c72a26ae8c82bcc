/* A disk that fails on command, between a real process and the files of one directory.
 *
 * Compiled and preloaded by the tests. FAULTY_DISK_UNDER names the directory, FAULTY_DISK_CONTROL a file
 * of six 32-bit numbers that the test maps too:
 *
 *   writes  0: they pass; an errno: they fail with it; -1: they wait until this changes
 *   syncs   the same for fsync and fdatasync
 *   hits    calls that failed or waited
 *   waits   calls that are waiting now
 *   passed  syncs that succeeded
 *   reads   as writes, for reading
 *
 * With FAULTY_DISK_PLATTER, a directory of what would be left after a power cut is kept beside it: a
 * write reaches it with the next sync of its file. A sync that fails forgets what it was to make
 * durable, as Linux does: the pages count as clean although nothing of them is on the disk, and the
 * next sync succeeds without them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALLED (-1)
#define LOOK_EVERY_US 1000
#define MOST_DIRTY 65536 /* writes between two syncs of all files: a batch has some hundred */

struct control {
    int32_t writes, syncs, hits, waits, passed, reads;
};

struct dirty {
    ino_t file;
    off_t from;
    size_t size;
};

static volatile struct control *control;
static char under[4096], platter[4096];
static size_t under_length;
static struct dirty dirty[MOST_DIRTY];
static size_t dirty_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t), (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    const char *directory = getenv("FAULTY_DISK_UNDER"), *path = getenv("FAULTY_DISK_CONTROL");
    const char *kept = getenv("FAULTY_DISK_PLATTER");
    if (!directory || !path) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) abort();
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (control == MAP_FAILED) abort();
    under_length = (size_t)snprintf(under, sizeof under, "%s/", directory);
    if (kept) snprintf(platter, sizeof platter, "%s", kept);
}

/* The name within the directory of what is open here, or NULL for any other file. */
static const char *name_of(int fd, char *path, size_t size) {
    char link[64];
    if (!control) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    return strncmp(path, under, under_length) ? NULL : path + under_length;
}

static int is_ours(int fd) {
    char path[4096];
    return name_of(fd, path, sizeof path) != NULL;
}

/* Waits or fails as the test says: 0 to go on, -1 with errno set. */
static int suffer(volatile int32_t *what) {
    int32_t now = *what;
    if (!now) return 0;
    __sync_fetch_and_add(&control->hits, 1);
    if (now == STALLED) {
        __sync_fetch_and_add(&control->waits, 1);
        while ((now = *what) == STALLED) usleep(LOOK_EVERY_US);
        __sync_fetch_and_sub(&control->waits, 1);
    }
    if (now > 0) errno = now;
    return now > 0 ? -1 : 0;
}

static int platter_open(const char *name, int create) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", platter, name);
    return open(path, O_RDWR | create | O_CLOEXEC, 0600);
}

static void copy_range(int from, int to, off_t at, size_t size) {
    char buffer[65536];
    while (size) {
        ssize_t got = real_pread(from, buffer, size < sizeof buffer ? size : sizeof buffer, at);
        if (got <= 0) return; /* truncated since */
        real_pwrite(to, buffer, (size_t)got, at);
        at += got;
        size -= (size_t)got;
    }
}

static void note_write(int fd, off_t from, size_t size) {
    struct stat status;
    if (!*platter || fstat(fd, &status)) return;
    pthread_mutex_lock(&lock);
    if (dirty_count == MOST_DIRTY) abort();
    dirty[dirty_count++] = (struct dirty){status.st_ino, from, size};
    pthread_mutex_unlock(&lock);
}

/* A sync has ended: its file's writes are on the platter, or lost to it. The file is not opened again:
 * closing it would drop the locks that the process has on it (POSIX). */
static void note_sync(int fd, int reached) {
    char path[4096];
    struct stat status;
    const char *name = name_of(fd, path, sizeof path);
    if (!*platter || !name || fstat(fd, &status) || !S_ISREG(status.st_mode)) return;
    int to = reached ? platter_open(name, O_CREAT) : -1;
    pthread_mutex_lock(&lock);
    size_t kept = 0;
    for (size_t at = 0; at < dirty_count; at++) {
        if (dirty[at].file != status.st_ino) dirty[kept++] = dirty[at];
        else if (reached) copy_range(fd, to, dirty[at].from, dirty[at].size);
    }
    dirty_count = kept;
    pthread_mutex_unlock(&lock);
    if (to >= 0) close(to);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (!control || !is_ours(fd)) return real_write(fd, data, size);
    if (suffer(&control->writes)) return -1;
    ssize_t wrote = real_write(fd, data, size);
    if (wrote > 0) note_write(fd, lseek(fd, 0, SEEK_CUR) - wrote, (size_t)wrote);
    return wrote;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    if (!control || !is_ours(fd)) return real_pwrite(fd, data, size, at);
    if (suffer(&control->writes)) return -1;
    ssize_t wrote = real_pwrite(fd, data, size, at);
    if (wrote > 0) note_write(fd, at, (size_t)wrote);
    return wrote;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return pwrite64(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off_t at) {
    if (control && control->reads && is_ours(fd) && suffer(&control->reads)) return -1;
    return real_pread(fd, data, size, at);
}

ssize_t pread(int fd, void *data, size_t size, off_t at) { return pread64(fd, data, size, at); }

static int sync_with(int (*real)(int), int fd) {
    if (!control || !is_ours(fd)) return real(fd);
    int result = suffer(&control->syncs) ? -1 : real(fd);
    int error = errno;
    if (result == 0) __sync_fetch_and_add(&control->passed, 1);
    note_sync(fd, result == 0);
    errno = error;
    return result;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }

int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

/* The platter hears of it at once: a cut may come after the metadata and before the data. */
int ftruncate64(int fd, off_t length) {
    char path[4096];
    const char *name = name_of(fd, path, sizeof path);
    if (name && suffer(&control->writes)) return -1;
    int result = real_ftruncate(fd, length);
    if (name && *platter && result == 0) {
        int to = platter_open(name, 0);
        struct stat status;
        /* It only shrinks it: what grows it is zeros until a sync. */
        if (to >= 0 && fstat(to, &status) == 0 && status.st_size > length) real_ftruncate(to, length);
        if (to >= 0) close(to);
    }
    return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    int result = real_unlink(path);
    if (control && *platter && result == 0 && !strncmp(path, under, under_length)) {
        char there[8192];
        snprintf(there, sizeof there, "%s/%s", platter, path + under_length);
        real_unlink(there);
    }
    return result;
}
