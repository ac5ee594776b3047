// What a GGUF file says of its model, without loading it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace harness {

struct gguf_facts {
    std::string architecture;
    uint32_t context = 0;          // 0: not said
    uint32_t vocabulary_size = 0;  // 0: not said
    std::map<std::string, uint32_t> special_tokens;  // those that the file names: `bos`, `unk` …
    std::map<std::string, uint32_t> tensor_type_counts;
    // Why the library cannot even list the tensors of this sound file; empty when it can.
    std::string unreadable;
};

// Throws a failure: exit_code::unavailable when the file cannot be opened, exit_code::bad_input
// when it is no sound GGUF file.
gguf_facts read_gguf_facts(const std::string & path);

// The same for those who need the model: `unreadable` is a failure with exit_code::unavailable.
void require_readable(const std::string & path);

}  // namespace harness
