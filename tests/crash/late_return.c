/* A write to a socket that returns only when its answer may be there already.
 *
 * Compiled and preloaded by the tests: each send that wrote something to a TCP socket sleeps before it
 * returns, far longer than a far end on the same machine takes to answer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SLEEP_US 20000

static ssize_t after(int fd, ssize_t result) {
    int type = 0, domain = 0;
    socklen_t size = sizeof type;
    if (result > 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM) {
        size = sizeof domain;
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
        if (domain == AF_INET) usleep(SLEEP_US);
    }
    return result;
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = dlsym(RTLD_NEXT, "send");
    return after(fd, real(fd, data, size, flags));
}

ssize_t writev(int fd, const struct iovec *data, int count) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    return after(fd, real(fd, data, count));
}

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return after(fd, real(fd, data, size));
}
