/* A stand-in for libnvidia-ml.so.1 with the calls that the worker makes. It shows the GPUs listed in the file beside
 * it that is named like the library plus ".state", and reads that file again at each call:
 *
 *     gpu UUID TOTAL_MIB USED_MIB NAME...
 *     mig UUID                                   the GPU is in MIG mode
 *     instance UUID OF_GPU TOTAL_MIB USED_MIB NAME...
 *     process UUID PID MIB                       a compute process
 *     graphics UUID PID MIB                      a desktop's
 *     lost UUID                                  it fell off the bus
 *     nomemory UUID                              it does not tell its memory
 *     init CODE                                  the library answers this when it is initialised
 *     reset UUID                                 it has to be reset
 *     hang UUID                                  calls about it do not return while the line is there
 *     xid UUID NUMBER [GPU_INSTANCE [COMPUTE_INSTANCE]]   one event per line, in their order
 *     dbe UUID                                   a double-bit ECC event
 *     noevents UUID                              its driver has no events
 *     energy UUID MILLIJOULES
 *     power UUID MILLIWATTS
 *     limit UUID MILLIWATTS
 *     ecc UUID COUNT
 *     temperature UUID CELSIUS
 *     utilisation UUID PERCENT
 *
 * A value without a line is NOT_SUPPORTED; an instance, like a real one, never has energy, power, limit, errors,
 * temperature or utilisation. The first instance of a GPU has the numbers 1 (GPU instance) and 0 (compute instance), the
 * second 2 and 0, and so on. If there is a file named like the library plus ".looks", each list of compute processes
 * appends a byte to it, so that a test sees when somebody has looked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, TIMEOUT = 10, GPU_IS_LOST = 15,
       RESET_REQUIRED = 16, UNKNOWN = 999 };
enum { MOST_DEVICES = 64, MOST_PROCESSES = 32, MOST_INSTANCES = 7, EVENT_DOUBLE_BIT = 2, EVENT_XID = 8 };

typedef unsigned long long u64;
struct device { char uuid[80], parent[80], name[96]; u64 total, used; int lost, reset, hang, mig, nomemory; };
struct process { unsigned pid; u64 bytes; unsigned gpu_instance, compute_instance; };
struct memory { unsigned version; u64 total, reserved, free, used; };
struct rates { unsigned gpu, memory; };
struct event { char *device; u64 type, data; unsigned gpu_instance, compute_instance; };
struct event_set { char *device; u64 kinds; int told; };

/* A handle is an index that outlives the state in which it was given. */
static char handles[MOST_DEVICES];

static FILE *open_beside(const char *ending, const char *mode) {
    Dl_info self;
    char path[PATH_MAX];
    if (!dladdr((void *)handles, &self)) return NULL;
    snprintf(path, sizeof path, "%s.%s", self.dli_fname, ending);
    return fopen(path, mode);
}

static FILE *open_state(void) { return open_beside("state", "re"); }

/* GPUs and instances, in the order of their lines. */
static int read_devices(struct device *devices) {
    FILE *state = open_state();
    char line[512], uuid[80];
    int count = 0;
    if (!state) return 0;
    while (fgets(line, sizeof line, state)) {
        struct device it = {0};
        int is_gpu = sscanf(line, "gpu %79s %llu %llu %95[^\n]", it.uuid, &it.total, &it.used, it.name) == 4;
        if (is_gpu || sscanf(line, "instance %79s %79s %llu %llu %95[^\n]", it.uuid, it.parent, &it.total, &it.used,
                             it.name) == 5) {
            if (count < MOST_DEVICES) devices[count++] = it;
        } else if (sscanf(line, "lost %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) devices[i].lost |= !strcmp(devices[i].uuid, uuid) || !strcmp(devices[i].parent, uuid);
        } else if (sscanf(line, "nomemory %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) devices[i].nomemory |= !strcmp(devices[i].uuid, uuid);
        } else if (sscanf(line, "reset %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) devices[i].reset |= !strcmp(devices[i].uuid, uuid);
        } else if (sscanf(line, "hang %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) devices[i].hang |= !strcmp(devices[i].uuid, uuid);
        } else if (sscanf(line, "mig %79s", uuid) == 1) {
            for (int i = 0; i < count; i++) devices[i].mig |= !strcmp(devices[i].uuid, uuid);
        }
    }
    fclose(state);
    return count;
}

static unsigned read_processes(const char *kind, const char *uuid, struct process *found) {
    FILE *state = open_state();
    char line[512], key[16], on[80];
    unsigned count = 0;
    struct process process = {0, 0, ~0u, ~0u};
    if (!state) return 0;
    while (fgets(line, sizeof line, state)) {
        if (sscanf(line, "%15s %79s %u %llu", key, on, &process.pid, &process.bytes) != 4) continue;
        if (strcmp(key, kind) || strcmp(on, uuid)) continue;
        process.bytes <<= 20;
        if (count < MOST_PROCESSES) found[count++] = process;
    }
    fclose(state);
    return count;
}

static int look(const char *handle, struct device *device) {
    struct device devices[MOST_DEVICES];
    int index = (int)(handle - handles);
    for (;; usleep(10000)) {
        if (index < 0 || index >= read_devices(devices)) return NOT_FOUND;
        *device = devices[index];
        if (!device->hang) break;
    }
    return device->lost ? GPU_IS_LOST : device->reset ? RESET_REQUIRED : SUCCESS;
}

static int write_text(char *to, unsigned size, const char *text) {
    return snprintf(to, size, "%s", text) < (int)size ? SUCCESS : INSUFFICIENT_SIZE;
}

int nvmlInit_v2(void) {
    FILE *state = open_state();
    char line[512];
    int code = SUCCESS;
    if (!state) return UNKNOWN;
    while (fgets(line, sizeof line, state)) sscanf(line, "init %d", &code);
    fclose(state);
    return code;
}

int nvmlShutdown(void) { return SUCCESS; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    struct device devices[MOST_DEVICES];
    int all = read_devices(devices);
    *count = 0;
    for (int i = 0; i < all; i++) *count += !*devices[i].parent;
    return SUCCESS;
}

/* The n-th device that is an instance of `parent`, or a GPU where that is empty. */
static int nth(const char *parent, unsigned index, char **handle) {
    struct device devices[MOST_DEVICES];
    int all = read_devices(devices);
    for (int i = 0; i < all; i++)
        if (!strcmp(devices[i].parent, parent) && !index--) return *handle = &handles[i], SUCCESS;
    return NOT_FOUND;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, char **handle) { return nth("", index, handle); }

/* As NVML documents it: lost is the answer while any GPU is. */
int nvmlDeviceGetHandleByUUID(const char *uuid, char **handle) {
    struct device devices[MOST_DEVICES];
    int all = read_devices(devices);
    for (int i = 0; i < all; i++)
        if (devices[i].lost) return GPU_IS_LOST;
    for (int i = 0; i < all; i++)
        if (!strcmp(devices[i].uuid, uuid)) return *handle = &handles[i], SUCCESS;
    return NOT_FOUND;
}

int nvmlDeviceGetMigMode(const char *handle, unsigned *current, unsigned *pending) {
    struct device device;
    int failure = look(handle, &device);
    if (failure) return failure;
    *current = *pending = (unsigned)device.mig;
    return *device.parent ? NOT_SUPPORTED : SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(const char *handle, unsigned *count) {
    (void)handle;
    *count = MOST_INSTANCES;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(const char *handle, unsigned index, char **instance) {
    struct device device;
    int failure = look(handle, &device);
    return failure ? failure : nth(device.uuid, index, instance);
}

int nvmlDeviceIsMigDeviceHandle(const char *handle, unsigned *is_instance) {
    struct device device;
    int failure = look(handle, &device);
    *is_instance = !failure && *device.parent;
    return failure;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(const char *handle, char **parent) {
    struct device device, devices[MOST_DEVICES];
    int failure = look(handle, &device), all = read_devices(devices);
    if (failure) return failure;
    for (int i = 0; i < all; i++)
        if (!strcmp(devices[i].uuid, device.parent)) return *parent = &handles[i], SUCCESS;
    return INVALID;
}

/* Instances are counted from 1 within their GPU. */
int nvmlDeviceGetGpuInstanceId(const char *handle, unsigned *id) {
    struct device device, devices[MOST_DEVICES];
    int failure = look(handle, &device), all = read_devices(devices);
    if (failure) return failure;
    if (!*device.parent) return NOT_SUPPORTED;
    *id = 0;
    for (int i = 0; i < all && i <= handle - handles; i++) *id += !strcmp(devices[i].parent, device.parent);
    return SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(const char *handle, unsigned *id) {
    struct device device;
    int failure = look(handle, &device);
    *id = 0;
    return failure ? failure : *device.parent ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetUUID(const char *handle, char *uuid, unsigned size) {
    struct device device;
    int failure = look(handle, &device);
    return failure ? failure : write_text(uuid, size, device.uuid);
}

int nvmlDeviceGetName(const char *handle, char *name, unsigned size) {
    struct device device;
    int failure = look(handle, &device);
    return failure ? failure : write_text(name, size, device.name);
}

int nvmlDeviceGetMemoryInfo_v2(const char *handle, struct memory *memory) {
    struct device device;
    int failure = look(handle, &device);
    if (failure) return failure;
    if (device.nomemory) return NOT_SUPPORTED;
    memory->total = device.total << 20;
    memory->used = device.used << 20;
    memory->reserved = 0;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

static int list_processes(const char *kind, const char *handle, unsigned *count, struct process *processes) {
    struct device device;
    struct process found[MOST_PROCESSES];
    int failure = look(handle, &device);
    if (failure) return failure;
    unsigned room = *count;
    *count = read_processes(kind, device.uuid, found);
    if (*count > room) return INSUFFICIENT_SIZE;
    if (*count) memcpy(processes, found, *count * sizeof *found);
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(const char *handle, unsigned *count, struct process *processes) {
    FILE *looks = open_beside("looks", "r+e");
    if (looks) {
        fseek(looks, 0, SEEK_END);
        fputc('.', looks);
        fclose(looks);
    }
    return list_processes("process", handle, count, processes);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(const char *handle, unsigned *count, struct process *processes) {
    return list_processes("graphics", handle, count, processes);
}

/* The number in the line that begins with a word and names the GPU. */
static int read_number(const char *handle, const char *word, u64 *number) {
    struct device device;
    char line[512], key[16], on[80];
    int failure = look(handle, &device), found = NOT_SUPPORTED;
    if (!failure && *device.parent) failure = NOT_SUPPORTED;
    FILE *state = failure ? NULL : open_state();
    if (!state) return failure ? failure : UNKNOWN;
    while (fgets(line, sizeof line, state)) {
        u64 value;
        if (sscanf(line, "%15s %79s %llu", key, on, &value) != 3 || strcmp(key, word) || strcmp(on, device.uuid)) continue;
        *number = value;
        found = SUCCESS;
    }
    fclose(state);
    return found;
}

static int read_small(const char *handle, const char *word, unsigned *number) {
    u64 value = 0;
    int failure = read_number(handle, word, &value);
    *number = (unsigned)value;
    return failure;
}

int nvmlDeviceGetTotalEnergyConsumption(const char *handle, u64 *millijoules) {
    return read_number(handle, "energy", millijoules);
}

int nvmlDeviceGetPowerUsage(const char *handle, unsigned *milliwatts) {
    return read_small(handle, "power", milliwatts);
}

int nvmlDeviceGetEnforcedPowerLimit(const char *handle, unsigned *milliwatts) {
    return read_small(handle, "limit", milliwatts);
}

int nvmlDeviceGetTemperature(const char *handle, int sensor, unsigned *celsius) {
    (void)sensor;
    return read_small(handle, "temperature", celsius);
}

int nvmlDeviceGetUtilizationRates(const char *handle, struct rates *rates) {
    rates->memory = 0;
    return read_small(handle, "utilisation", &rates->gpu);
}

int nvmlDeviceGetTotalEccErrors(const char *handle, int kind, int counter, u64 *count) {
    (void)kind;
    (void)counter;
    return read_number(handle, "ecc", count);
}

/* The n-th event of a GPU; how many there are where there is none. */
static int read_event(const char *uuid, int index, struct event *event) {
    FILE *state = open_state();
    char line[512], on[80];
    int count = 0;
    while (state && fgets(line, sizeof line, state)) {
        struct event it = {NULL, EVENT_XID, 0, ~0u, ~0u};
        if (sscanf(line, "dbe %79s", on) == 1) it.type = EVENT_DOUBLE_BIT;
        else if (sscanf(line, "xid %79s %llu %u %u", on, &it.data, &it.gpu_instance, &it.compute_instance) < 2) continue;
        if (strcmp(on, uuid)) continue;
        if (count++ == index) *event = it;
    }
    if (state) fclose(state);
    return count;
}

int nvmlDeviceGetSupportedEventTypes(const char *handle, u64 *kinds) {
    struct device device;
    char line[512], on[80];
    int failure = look(handle, &device);
    FILE *state = failure ? NULL : open_state();
    *kinds = EVENT_XID | EVENT_DOUBLE_BIT;
    while (state && fgets(line, sizeof line, state))
        if (sscanf(line, "noevents %79s", on) == 1 && !strcmp(on, device.uuid)) *kinds = 0;
    if (state) fclose(state);
    return failure;
}

int nvmlEventSetCreate(struct event_set **set) {
    *set = calloc(1, sizeof **set);
    return *set ? SUCCESS : UNKNOWN;
}

int nvmlEventSetFree(struct event_set *set) {
    free(set);
    return SUCCESS;
}

/* Sets of one GPU are enough for the worker. What happened before is not told. */
int nvmlDeviceRegisterEvents(char *handle, u64 kinds, struct event_set *set) {
    struct device device;
    struct event event;
    int failure = look(handle, &device);
    if (failure) return failure;
    if (set->device) return INVALID;
    set->device = handle;
    set->kinds = kinds;
    set->told = read_event(device.uuid, INT_MAX, &event);
    return SUCCESS;
}

int nvmlEventSetWait_v2(struct event_set *set, struct event *event, unsigned milliseconds) {
    for (unsigned waited = 0;; waited += 10) {
        struct device device;
        struct event next;
        int failure = look(set->device, &device);
        if (failure) return failure;
        int there = read_event(device.uuid, set->told, &next);
        if (set->told > there) set->told = there;
        if (set->told < there) {
            set->told++;
            if (next.type & set->kinds) {
                *event = next;
                event->device = set->device;
                return SUCCESS;
            }
        } else if (waited >= milliseconds) {
            return TIMEOUT;
        } else {
            usleep(10000);
        }
    }
}

int nvmlSystemGetProcessName(unsigned pid, char *name, unsigned size) {
    char text[32];
    snprintf(text, sizeof text, "program-%u", pid);
    return write_text(name, size, text);
}
