package cluster

import (
	"os"
	"strconv"
	"strings"
)

func pidNamespace() string {
	ns, _ := os.Readlink("/proc/self/ns/pid")
	return " " + ns
}

func running(pid int) bool {
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return err == nil
}

// born is the boot's id and the process's start in clock ticks since that boot: field 22 of proc(5) stat,
// counted behind the command name, which may hold blanks and brackets. It is empty for a dead process.
func born(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[19]
}
