// `quantize` where llama.h is of another generation than the pinned one.
#include "build_facts.hpp"
#include "commands.hpp"
#include "error.hpp"

namespace harness {

void quantize(const quantize_flags &) {
    throw failure(exit_code::unavailable, std::string(build_facts::engine_name) +
                                              " does not quantize (hint: llama-scalar and llama-native do)");
}

}  // namespace harness
