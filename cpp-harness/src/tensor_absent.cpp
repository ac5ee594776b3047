// The sub-command `tensor` where the library is another one than the pinned: its numbers are not what
// engines are held to.
#include "commands.hpp"
#include "error.hpp"

namespace harness {

void tensor(const tensor_flags &) {
    throw failure(exit_code::unavailable, "tensor is there in the builds of the pinned llama.cpp alone");
}

}  // namespace harness
