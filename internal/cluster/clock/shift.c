// Shifts the time of day for one process, live. Loaded in front of the C library (LD_PRELOAD), it answers for the calls
// that read the wall clock; the monotonic clock, and the process's sleep, stay as they are.
//
// The environment variable QUORUMLOCK_CLOCK names a file of 32 bytes that somebody else writes:
//
//   seq    uint64   odd while the rest is being written
//   base   int64    a reading of the true clock, in ns
//   shown  int64    what is shown at that reading, in ns
//   rate   double   how fast the shown clock runs from there on
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
	uint64_t seq;
	int64_t base, shown;
	double rate;
};

static volatile struct control *control;

__attribute__((constructor)) static void attach(void)
{
	const char *path = getenv("QUORUMLOCK_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		control = p;
}

static int64_t shift(int64_t now)
{
	struct control c;
	if (!control)
		return now;
	do {
		c.seq = __atomic_load_n(&control->seq, __ATOMIC_ACQUIRE);
		c.base = control->base;
		c.shown = control->shown;
		c.rate = control->rate;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (c.seq % 2 != 0 || c.seq != control->seq);
	return c.shown + (int64_t)((double)(now - c.base) * c.rate);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int err = syscall(SYS_clock_gettime, id, t);
	if (err == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		int64_t ns = shift((int64_t)t->tv_sec * 1000000000 + t->tv_nsec);
		t->tv_sec = ns / 1000000000;
		t->tv_nsec = ns % 1000000000;
	}
	return err;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}
