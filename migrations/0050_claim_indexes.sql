-- Claims ask which runs a device's fault has ended; without this each claim would read every attempt there ever was.

CREATE INDEX attempts_device_faults ON attempts (device_uuid, run_id) WHERE failure_cause = 'device';
