#include <config.h>
#include "contract/lite_change.h"
int main(void)
{
    return 0;
}
