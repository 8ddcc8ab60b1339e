#include "cli/ranks.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <utility>

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
// In place of a task: this list is done (the rank asks again, for the next list or at its end); all is.
constexpr long kNextList = -1, kEnd = -2;
std::vector<int> asking_already;  // ranks that asked for the next list while this one was being finished

void tell(int other, long task) { MPI_Send(&task, 1, MPI_LONG, other, kTask, MPI_COMM_WORLD); }

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

bool ended = false;  // a rank that is not the first has been told that all is done

void compute_for_the_first(const std::function<std::string(long)>& task) {
  if (ended) return;
  MPI_Send(nullptr, 0, MPI_CHAR, 0, kAsk, MPI_COMM_WORLD);
  for (long i = 0;;) {
    MPI_Recv(&i, 1, MPI_LONG, 0, kTask, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    ended = i == kEnd;
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
}
Ranks::~Ranks() {
  int running = 0;
  MPI_Initialized(&running);
  if (running == 0) return;
  // Every rank asks until it is told that all is done. One that failed asks for what it cannot do, so that
  // the first rank hears of it; where the first rank failed, the others' next question ends them.
  while (rank > 0 && !ended)
    compute_for_the_first([](long) -> std::string { throw std::runtime_error("a rank could not go on"); });
  if (rank == 0) {
    for (const int other : asking_already) tell(other, kEnd);
    for (long others = ranks - 1 - static_cast<long>(asking_already.size()); others > 0; --others) {
      MPI_Status status;
      MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
      tell(receive(status).from, kEnd);
    }
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
    long others = ranks - 1;
    std::vector<char> told(static_cast<std::size_t>(ranks), 0);  // that this list is done
    const auto hand_out = [&](int other) {
      const long next = queue.take();
      tell(other, next < 0 ? kNextList : next);
      if (next >= 0) return;
      told[static_cast<std::size_t>(other)] = 1;
      --others;
    };
    for (const int other : std::exchange(asking_already, {})) hand_out(other);
    while (others > 0) {
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
      if (told[static_cast<std::size_t>(message.from)]) asking_already.push_back(message.from);
      else hand_out(message.from);
    }
#endif
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace attnbounds
