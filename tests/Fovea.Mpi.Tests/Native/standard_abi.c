/* The standard binary interface of MPI-5 over MPICH's, as far as the tests need it: libraries that have it are not in
   Debian 12. Handles are as wide as pointers, and those that are not of the standard are errors. */
#include <stdint.h>
#include <string.h>

typedef intptr_t handle;
enum { BAD = 5 };

#ifdef UNKNOWN
int MPI_Get_library_version(char *text, int *length)
{
    strcpy(text, "Fuji MPI 1.0");
    *length = (int)strlen(text);
    return 0;
}
#else
extern int PMPI_Get_library_version(char *, int *);
extern int PMPI_Error_string(int, char *, int *);
extern int PMPI_Init_thread(void *, void *, int, int *);
extern int PMPI_Finalize(void);
extern int PMPI_Abort(int, int);
extern int PMPI_Comm_set_errhandler(int, int);
extern int PMPI_Comm_rank(int, int *);
extern int PMPI_Comm_size(int, int *);
extern int PMPI_Comm_split_type(int, int, int, int, int *);
extern int PMPI_Comm_free(int *);
extern int PMPI_Allreduce(const void *, void *, int, int, int, int);
extern int PMPI_Bcast(void *, int, int, int, int);
extern int PMPI_Barrier(int);
extern int PMPI_Send(const void *, int, int, int, int, int);
extern int PMPI_Recv(void *, int, int, int, int, int, void *);
extern int PMPI_Irecv(void *, int, int, int, int, int, int *);
extern int PMPI_Isend(const void *, int, int, int, int, int, int *);
extern int PMPI_Test(int *, int *, void *);
extern int PMPI_Get_count(const void *, int, int *);

/* Objects made at run time fill the upper half of a handle, too. */
static const handle Made = (handle)0x55 << 32;

static int comm(handle h) { return h == 0x101 ? 0x44000000 : (h >> 32) == 0x55 ? (int)h : 0x04000000; }
static int type(handle h) { return h == 0x247 ? 0x4c00010d : h == 0x210 ? 0x4c00040a : 0x0c000000; }

int MPI_Abi_get_version(int *major, int *minor) { *major = 1; *minor = 0; return 0; }
int MPI_Get_library_version(char *text, int *length) { return PMPI_Get_library_version(text, length); }
int MPI_Error_string(int code, char *text, int *length) { return PMPI_Error_string(code, text, length); }
int MPI_Finalize(void) { return PMPI_Finalize(); }
int MPI_Abort(handle c, int code) { return PMPI_Abort(comm(c), code); }
int MPI_Comm_rank(handle c, int *rank) { return PMPI_Comm_rank(comm(c), rank); }
int MPI_Comm_size(handle c, int *size) { return PMPI_Comm_size(comm(c), size); }
int MPI_Barrier(handle c) { return PMPI_Barrier(comm(c)); }

int MPI_Init_thread(void *count, void *arguments, int level, int *given)
{
    int result = level == 1024 ? PMPI_Init_thread(count, arguments, 1, given) : BAD;
    *given *= 1024;
    return result;
}

int MPI_Comm_set_errhandler(handle c, handle handler)
{
    return handler == 0x142 ? PMPI_Comm_set_errhandler(comm(c), 0x54000001) : BAD;
}

int MPI_Comm_split_type(handle c, int kind, int key, handle info, handle *made)
{
    int result, own;
    if (kind != 221 || info != 0x130) return BAD;
    result = PMPI_Comm_split_type(comm(c), 1, key, 0x1c000000, &own);
    *made = Made | (uint32_t)own;
    return result;
}

int MPI_Comm_free(handle *c)
{
    int own = comm(*c);
    *c = 0x100;
    return PMPI_Comm_free(&own);
}

int MPI_Allreduce(const void *from, void *to, int count, handle t, handle operation, handle c)
{
    if (operation != 0x21) return BAD;
    return PMPI_Allreduce(from == (void *)1 ? (void *)-1 : from, to, count, type(t), 0x58000003, comm(c));
}

int MPI_Bcast(void *data, int count, handle t, int root, handle c)
{
    return PMPI_Bcast(data, count, type(t), root, comm(c));
}

int MPI_Send(const void *data, int count, handle t, int to, int tag, handle c)
{
    return PMPI_Send(data, count, type(t), to, tag, comm(c));
}

int MPI_Recv(void *data, int count, handle t, int from, int tag, handle c, void *status)
{
    return PMPI_Recv(data, count, type(t), from, tag, comm(c), status);
}

int MPI_Irecv(void *data, int count, handle t, int from, int tag, handle c, handle *request)
{
    int own, result = PMPI_Irecv(data, count, type(t), from, tag, comm(c), &own);
    *request = Made | (uint32_t)own;
    return result;
}

int MPI_Isend(const void *data, int count, handle t, int to, int tag, handle c, handle *request)
{
    int own, result = PMPI_Isend(data, count, type(t), to, tag, comm(c), &own);
    *request = Made | (uint32_t)own;
    return result;
}

int MPI_Test(handle *request, int *done, void *status)
{
    int own = (int)*request;
    if ((*request >> 32) != 0x55) return BAD;
    int result = PMPI_Test(&own, done, status);
    *request = *done ? 0x180 : Made | (uint32_t)own;
    return result;
}

int MPI_Get_count(const void *status, handle t, int *count) { return PMPI_Get_count(status, type(t), count); }
#endif
