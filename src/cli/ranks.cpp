#include "cli/ranks.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <stdexcept>

#ifdef ATTNBOUNDS_MPI
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#endif

namespace attnbounds {
namespace {

int rank = 0, ranks = 1;

/// The first rank's queue: what is left to do, and what its own threads have done.
class Queue {
 public:
  explicit Queue(const std::vector<long>& todo) : todo_(todo.begin(), todo.end()) {}

  /// -1 when nothing is left.
  long take() {
    const std::lock_guard lock(guard_);
    if (todo_.empty()) return -1;
    const long i = todo_.front();
    todo_.pop_front();
    return i;
  }
  void give_up() {
    const std::lock_guard lock(guard_);
    todo_.clear();
  }

 private:
  std::mutex guard_;
  std::deque<long> todo_;
};

#ifdef ATTNBOUNDS_MPI
constexpr int kAsk = 1, kDone = 2, kFailed = 3, kTask = 4;  // tags
long others_asking = 0;                                     // ranks that have not been told to stop

void tell(int other, long task) {
  MPI_Send(&task, 1, MPI_LONG, other, kTask, MPI_COMM_WORLD);
  if (task < 0) --others_asking;
}

/// A message of another rank, if one waits: its task, its text and tag.
struct Message {
  int from, tag;
  long task;
  std::string text;
};
Message receive(const MPI_Status& status) {
  int size = 0;
  MPI_Get_count(&status, MPI_CHAR, &size);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MPI_Recv(bytes.data(), size, MPI_CHAR, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  if (status.MPI_TAG == kAsk) return {status.MPI_SOURCE, kAsk, -1, {}};
  const std::size_t colon = bytes.find(':');
  return {status.MPI_SOURCE, status.MPI_TAG, std::stol(bytes.substr(0, colon)), bytes.substr(colon + 1)};
}

bool has_computed = false;  // a rank that is not the first has asked until it was told to stop

void compute_for_the_first(const std::function<std::string(long)>& task) {
  has_computed = true;
  MPI_Send(nullptr, 0, MPI_CHAR, 0, kAsk, MPI_COMM_WORLD);
  for (long i = 0;;) {
    MPI_Recv(&i, 1, MPI_LONG, 0, kTask, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (i < 0) return;
    std::string text = std::to_string(i) + ":";
    int tag = kDone;
    try {
      text += task(i);
    } catch (const std::exception& error) {
      text += error.what();
      tag = kFailed;
    }
    MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, tag, MPI_COMM_WORLD);
  }
}
#endif

}  // namespace

#ifdef ATTNBOUNDS_MPI
Ranks::Ranks(int* argc, char*** argv) {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr && std::getenv("PMI_SIZE") == nullptr) return;
  int provided = 0;
  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  others_asking = rank == 0 ? ranks - 1 : 0;
}
Ranks::~Ranks() {
  int running = 0;
  MPI_Initialized(&running);
  if (running == 0) return;
  // A rank that fails before its first task still asks, so that nobody waits for it.
  if (rank > 0 && !has_computed)
    compute_for_the_first([](long) -> std::string { throw std::runtime_error("a rank could not start"); });
  // The first rank failed before it handed out anything: the others still ask.
  while (others_asking > 0) {
    MPI_Status status;
    MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    tell(receive(status).from, -1);
  }
  MPI_Finalize();
}
#else
Ranks::Ranks(int*, char***) {}
Ranks::~Ranks() = default;
#endif

long rank_count() { return ranks; }
bool is_first_rank() { return rank == 0; }

void run_tasks(const std::vector<long>& todo, ThreadCount at_once,
               const std::function<std::string(long)>& task,
               const std::function<void(long, const std::string&)>& finished) {
#ifdef ATTNBOUNDS_MPI
  if (!is_first_rank()) return compute_for_the_first(task);
#endif
  Queue queue(todo);
  std::mutex guard;
  std::exception_ptr failure;
  const auto take_in = [&](long i, const std::string& text) {
    const std::lock_guard lock(guard);
    if (!failure) finished(i, text);
  };
  const auto fail = [&](std::exception_ptr error) {
    const std::lock_guard lock(guard);
    if (!failure) failure = error;
    queue.give_up();
  };
  {
    std::vector<std::jthread> threads;
    const long own = std::min<long>(static_cast<long>(todo.size()), std::max(1u, at_once.value));
    for (long t = 0; t < own; ++t)
      threads.emplace_back([&] {
        try {
          for (long i; (i = queue.take()) >= 0;) take_in(i, task(i));
        } catch (...) {
          fail(std::current_exception());
        }
        release_thread_caches();
      });
#ifdef ATTNBOUNDS_MPI
    while (others_asking > 0) {
      int waits = 0;
      MPI_Status status;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &waits, &status);
      if (waits == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(500));
        continue;
      }
      const Message message = receive(status);
      try {
        if (message.tag == kDone) take_in(message.task, message.text);
        if (message.tag == kFailed) throw std::runtime_error(message.text);
      } catch (...) {
        fail(std::current_exception());
      }
      tell(message.from, queue.take());
    }
#endif
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace attnbounds
