/* A stand-in for libnvidia-ml.so.1 with the calls that the worker makes. It shows the GPUs of the file that lies
 * beside it, named like the library plus ".state", read again at each call:
 *
 *     gpu UUID TOTAL_MIB USED_MIB NAME...
 *     process UUID PID MIB
 *     lost UUID
 *     energy UUID MILLIJOULES
 *     power UUID MILLIWATTS
 *     limit UUID MILLIWATTS
 *     ecc UUID COUNT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15, UNKNOWN = 999 };
enum { MOST_GPUS = 16, MOST_PROCESSES = 32 };

typedef unsigned long long u64;
struct gpu { char uuid[80]; char name[96]; u64 total, used; int lost; };
struct process { unsigned pid; u64 bytes; unsigned gpu_instance, compute_instance; };
struct memory { unsigned version; u64 total, reserved, free, used; };

/* A handle is an index that outlives the state in which it was given. */
static char handles[MOST_GPUS];

static FILE *open_state(void) {
    Dl_info self;
    char path[PATH_MAX];
    if (!dladdr((void *)handles, &self)) return NULL;
    snprintf(path, sizeof path, "%s.state", self.dli_fname);
    return fopen(path, "re");
}

static int read_gpus(struct gpu *gpus) {
    FILE *state = open_state();
    char line[512], uuid[80];
    int count = 0;
    if (!state) return 0;
    while (fgets(line, sizeof line, state)) {
        struct gpu gpu = {0};
        if (sscanf(line, "gpu %79s %llu %llu %95[^\n]", gpu.uuid, &gpu.total, &gpu.used, gpu.name) == 4) {
            if (count < MOST_GPUS) gpus[count++] = gpu;
        } else if (sscanf(line, "lost %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) gpus[i].lost |= !strcmp(gpus[i].uuid, uuid);
        }
    }
    fclose(state);
    return count;
}

static unsigned read_processes(const char *uuid, struct process *found) {
    FILE *state = open_state();
    char line[512], on[80];
    unsigned count = 0;
    struct process process = {0, 0, ~0u, ~0u};
    if (!state) return 0;
    while (fgets(line, sizeof line, state)) {
        if (sscanf(line, "process %79s %u %llu", on, &process.pid, &process.bytes) != 3 || strcmp(on, uuid)) continue;
        process.bytes <<= 20;
        if (count < MOST_PROCESSES) found[count++] = process;
    }
    fclose(state);
    return count;
}

static int look(const char *handle, struct gpu *gpu) {
    struct gpu gpus[MOST_GPUS];
    int index = (int)(handle - handles);
    if (index < 0 || index >= read_gpus(gpus)) return NOT_FOUND;
    *gpu = gpus[index];
    return gpu->lost ? GPU_IS_LOST : SUCCESS;
}

static int write_text(char *to, unsigned size, const char *text) {
    return snprintf(to, size, "%s", text) < (int)size ? SUCCESS : INSUFFICIENT_SIZE;
}

int nvmlInit_v2(void) {
    FILE *state = open_state();
    if (!state) return UNKNOWN;
    fclose(state);
    return SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    struct gpu gpus[MOST_GPUS];
    *count = (unsigned)read_gpus(gpus);
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, char **handle) {
    *handle = &handles[index];
    return SUCCESS;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, char **handle) {
    struct gpu gpus[MOST_GPUS];
    int count = read_gpus(gpus);
    for (int i = 0; i < count; i++)
        if (!strcmp(gpus[i].uuid, uuid)) return *handle = &handles[i], gpus[i].lost ? GPU_IS_LOST : SUCCESS;
    return NOT_FOUND;
}

int nvmlDeviceGetUUID(const char *handle, char *uuid, unsigned size) {
    struct gpu gpu;
    int failure = look(handle, &gpu);
    return failure ? failure : write_text(uuid, size, gpu.uuid);
}

int nvmlDeviceGetName(const char *handle, char *name, unsigned size) {
    struct gpu gpu;
    int failure = look(handle, &gpu);
    return failure ? failure : write_text(name, size, gpu.name);
}

int nvmlDeviceGetMemoryInfo_v2(const char *handle, struct memory *memory) {
    struct gpu gpu;
    int failure = look(handle, &gpu);
    if (failure) return failure;
    memory->total = gpu.total << 20;
    memory->used = gpu.used << 20;
    memory->reserved = 0;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(const char *handle, unsigned *count, struct process *processes) {
    struct gpu gpu;
    struct process found[MOST_PROCESSES];
    int failure = look(handle, &gpu);
    if (failure) return failure;
    unsigned room = *count;
    *count = read_processes(gpu.uuid, found);
    if (*count > room) return INSUFFICIENT_SIZE;
    if (*count) memcpy(processes, found, *count * sizeof *found);
    return SUCCESS;
}

/* The number in the line that begins with a word and names the GPU. */
static int read_number(const char *handle, const char *word, u64 *number) {
    struct gpu gpu;
    char line[512], key[16], on[80];
    int failure = look(handle, &gpu), found = NOT_SUPPORTED;
    FILE *state = failure ? NULL : open_state();
    if (!state) return failure ? failure : UNKNOWN;
    while (fgets(line, sizeof line, state)) {
        u64 value;
        if (sscanf(line, "%15s %79s %llu", key, on, &value) != 3 || strcmp(key, word) || strcmp(on, gpu.uuid)) continue;
        *number = value;
        found = SUCCESS;
    }
    fclose(state);
    return found;
}

int nvmlDeviceGetTotalEnergyConsumption(const char *handle, u64 *millijoules) {
    return read_number(handle, "energy", millijoules);
}

int nvmlDeviceGetPowerUsage(const char *handle, unsigned *milliwatts) {
    u64 value = 0;
    int failure = read_number(handle, "power", &value);
    *milliwatts = (unsigned)value;
    return failure;
}

int nvmlDeviceGetEnforcedPowerLimit(const char *handle, unsigned *milliwatts) {
    u64 value = 0;
    int failure = read_number(handle, "limit", &value);
    *milliwatts = (unsigned)value;
    return failure;
}

int nvmlDeviceGetTotalEccErrors(const char *handle, int kind, int counter, u64 *count) {
    (void)kind;
    (void)counter;
    return read_number(handle, "ecc", count);
}

int nvmlSystemGetProcessName(unsigned pid, char *name, unsigned size) {
    char text[32];
    snprintf(text, sizeof text, "program-%u", pid);
    return write_text(name, size, text);
}
