// Asks the system for pages of 2 MiB, for a program that holds a ledger: its households lie all over gigabytes, and each comes with a miss
// of the table of small pages, or the first time with a fault. Costs a little memory (docs/performance.md). Where the system gives none
// (/sys/kernel/mm/transparent_hugepage/enabled: never) nothing changes; MALLOC_CONF=thp:never in the environment turns it off.
#include <jemalloc/jemalloc.h>

// Read by jemalloc before main (jemalloc(3), "TUNING").
const char* malloc_conf = "thp:always";
