// Independent tasks over the cores of this process and, under `mpirun -n N attnbounds …`, over N processes on
// as many machines. Tasks are handed out one by one to whoever is free; a task's result is text and depends
// on its number alone, so the results are the same for any number of threads and ranks. The first rank hands
// out, logs and prints; the others only compute, one task at a time. Built without MPI, or started without
// mpirun, there is one rank. A rank that dies ends the run (mpirun sees to it); the log keeps what was done.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "numeric/parallel.hpp"

namespace attnbounds {

/// One in main(), for as long as the program runs.
class Ranks {
 public:
  Ranks(int* argc, char*** argv);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
};

long rank_count();
bool is_first_rank();

/// Calls finished(i, task(i)) for every i of `todo` (the first rank's), in order of completion, never two at
/// a time; on the first rank, `at_once` tasks at a time. Returns on every rank when all is done. Errors: an
/// exception of a task stops the handing out and is thrown by the first rank once the rest has come in (from
/// another rank as std::runtime_error with its message). A program may call it several times, the same ones
/// on every rank; a rank that ends early, the first one included, keeps nobody waiting.
void run_tasks(const std::vector<long>& todo, ThreadCount at_once,
               const std::function<std::string(long)>& task,
               const std::function<void(long, const std::string&)>& finished);

}  // namespace attnbounds
